"""What each command takes: its arguments and options, with their help."""

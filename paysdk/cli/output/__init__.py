"""What the commands print: to a terminal for people, and as JSON lines or CSV for programs."""

"""What the commands print: tables for people, and JSON lines or CSV for programs."""

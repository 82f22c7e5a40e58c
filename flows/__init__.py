"""What happens and when: clock, disk, Prefect, command line."""

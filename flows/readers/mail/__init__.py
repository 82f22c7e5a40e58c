"""E-mail: mbox files and folders of `.eml`, their threads, and what in a mail its sender wrote just then."""

"""Sections of the weekly report that read one or two tables of the snapshot each."""

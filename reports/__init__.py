"""Frames in, pictures and text out."""

"""Families of tiny models for tests, and what the reference computes for them. Run tools/make_families.py."""

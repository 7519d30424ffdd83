"""The local inbox and the demo data."""

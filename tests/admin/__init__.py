"""Tests of the moderators' panel."""

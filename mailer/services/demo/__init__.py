"""The demo's story, for development: the bookshop Lighthouse, its readers, letters, sixty days of sending, a blog.

Everything is planted in one transaction into an empty database. Nothing here may ever run in production.
"""

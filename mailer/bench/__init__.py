"""`flask bench`: measures this product beside others, on servers of its own, and says what is met and what is not.

Nothing here is used while letters are sent for people; it never touches the app's own database or mail server.
"""

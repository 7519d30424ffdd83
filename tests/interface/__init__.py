"""Every page of the URL map, looked at as a whole: accessibility, markup, weight."""

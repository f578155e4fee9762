"""What ``tools/demo.py`` is made of: the rendered scenes, the page, its charts and its report."""

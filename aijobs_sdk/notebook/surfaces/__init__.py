"""What a view is drawn on, one file a surface; each file needs its own library, and is loaded when it is drawn on."""

"""A panel on the page: live while the kernel sends it views, with buttons that work while a cell blocks."""

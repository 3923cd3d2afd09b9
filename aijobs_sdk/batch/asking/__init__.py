"""WHAT IS ASKED FOR A ROW? Templates and functions over its columns, filled in and checked."""

"""How is a report read? On a screen, as a page, in a spreadsheet, by a program."""

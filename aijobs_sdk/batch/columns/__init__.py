"""WHICH COLUMNS ARE THERE, AND OF WHICH KINDS? Learnt from rows and schemas, before a file is written."""

"""WHAT CAN BE ASKED FOR? One file a job type: its payload and its handler."""

"""WHERE DOES IT RUN? In this process, behind a URL, on a fleet."""

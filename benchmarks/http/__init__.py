"""What a server and the network cost: delivery of events, requests a batch, the first news of a job."""

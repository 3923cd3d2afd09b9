-- When, why and how many rows were put right?
INSERT INTO correction_act VALUES ($at, $reason, $corrections, $credits);

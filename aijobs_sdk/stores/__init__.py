"""WHERE IS THE TRUTH KEPT? One file a store, all held to one suite of promises."""

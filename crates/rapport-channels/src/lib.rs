//! Where decisions leave the process: every sink is a channel behind the outbox.

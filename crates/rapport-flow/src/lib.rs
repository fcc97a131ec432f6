//! The flow: from bytes on the ledger to rows in the outbox, one list in one file.

"""The process that alone can write: check, modes, approvals, ledger, audit."""

SELECT hash, definition FROM audit_scope

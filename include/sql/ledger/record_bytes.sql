-- The bytes that are read, where a writer that still held the file changed them after the claim.
update ledger.delivery
set
    sha256 = %(sha256)s,
    size_bytes = %(size_bytes)s
where delivery_id = %(delivery_id)s;

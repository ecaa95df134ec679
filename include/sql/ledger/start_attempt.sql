insert into ledger.attempt (delivery_id, contract_digest, suite_digest, reference_digest, code_version)
values (%(delivery_id)s, %(contract_digest)s, %(suite_digest)s, %(reference_digest)s, %(code_version)s)
returning attempt_id;

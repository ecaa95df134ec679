-- Holds one decided delivery while it is answered and archived; another worker's is left to it.
select
    claim_token,
    sha256,
    answered_at is not null as answered,
    feed,
    verdict
from ledger.delivery
where delivery_id = %(delivery_id)s and verdict is not null and archived_at is null
for update skip locked;

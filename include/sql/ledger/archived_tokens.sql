-- Which of these work folders were archived and may be dropped.
select claim_token
from ledger.delivery
where claim_token = any(%(tokens)s) and archived_at is not null;

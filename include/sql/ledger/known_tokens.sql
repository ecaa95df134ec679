-- Which of these work folders have a row in the ledger.
select claim_token
from ledger.delivery
where claim_token = any(%(tokens)s);

-- Whose delivery waits for its verdict, and under which name.
select
    department_code,
    file_name
from ledger.delivery
where delivery_id = %(delivery_id)s and verdict is null;

-- One reminder for a department and day; returns nothing where it was written already.
insert into ledger.reminder (department_code, reminded_on, file_path, due_count, missing_count)
values (%(department_code)s, %(reminded_on)s, %(file_path)s, %(due_count)s, %(missing_count)s)
on conflict (department_code, reminded_on) do nothing
returning department_code;

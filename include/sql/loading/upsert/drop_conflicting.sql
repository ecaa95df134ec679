drop table {conflicting};

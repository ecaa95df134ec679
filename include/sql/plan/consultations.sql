-- Documents that departments are asked to comment on, the latest deadline first.
select
    document.document_code,
    document.number,
    document.title_vi,
    document.title_en,
    document.dated_on,
    document.comments_due_on,
    document.drafted_by,
    department.name_vi as drafted_by_name_vi
from mart.dim_document as document
left join mart.dim_department as department on document.drafted_by = department.department_code
where document.comments_due_on is not null
order by document.comments_due_on desc, document.document_code asc;

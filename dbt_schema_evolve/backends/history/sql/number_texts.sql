-- Give the incoming texts that are new the next numbers.
insert into texts
select
    (select coalesce(max(t.text_number), 0) from texts as t)
    + row_number() over (order by i.text),
    i.text
from (select distinct text from incoming) as i
where i.text not in (select t.text from texts as t)

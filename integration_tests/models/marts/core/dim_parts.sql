select
    parts.part_id,
    parts.part_name,
    parts.manufacturer,
    parts.brand,
    parts.part_type,
    split_part(parts.part_type, ' ', 3) as material,
    parts.part_size,
    parts.container,
    parts.retail_price
from {{ ref('stg_tpch__parts') }} as parts

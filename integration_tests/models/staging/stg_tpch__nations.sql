select
    nation.n_nationkey as nation_id,
    nation.n_name as nation,
    region.r_name as region
from {{ source('tpch_raw', 'nation') }} as nation
inner join {{ source('tpch_raw', 'region') }} as region
    on nation.n_regionkey = region.r_regionkey

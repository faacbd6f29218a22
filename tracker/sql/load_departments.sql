SELECT ref, shard FROM department

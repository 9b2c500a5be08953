-- The latest state of each order, from a topic of changes.
SET 'execution.checkpointing.interval' = '5 s';
CREATE TABLE orders (
  order_id STRING,
  status STRING,
  amount DECIMAL(12, 2)
) WITH (
  'connector' = 'kafka',
  'topic' = 'orders',
  'properties.bootstrap.servers' = '${BOOTSTRAP}',
  'properties.group.id' = 'latest-orders',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json'
);
CREATE TABLE latest_orders (
  order_id STRING,
  status STRING,
  amount DECIMAL(12, 2),
  PRIMARY KEY (order_id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'latest-orders',
  'properties.bootstrap.servers' = '${BOOTSTRAP}',
  'key.format' = 'json',
  'value.format' = 'json'
);
INSERT INTO latest_orders SELECT order_id, status, amount FROM orders;

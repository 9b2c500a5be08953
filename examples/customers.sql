-- Changes of a database table, as Debezium writes them, become the table's newest rows, one message per key:
-- an INSERT and an UPDATE become a value, a DELETE becomes a tombstone (a key with a null value).
--
--   upsert-kafka run examples/customers.sql --embedded --input customers=examples/customers.jsonl

CREATE TABLE customers (
  id INT,
  name STRING,
  city STRING,
  credit DECIMAL(10, 2),
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'kafka',
  'topic' = 'shop.customers.changes',
  'properties.bootstrap.servers' = '${KAFKA:-localhost:9092}',
  'properties.group.id' = 'customers-upsert',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'debezium-json'
);

CREATE TABLE customers_now (
  customer_id INT,
  name STRING,
  city STRING,
  credit DECIMAL(10, 2),
  PRIMARY KEY (customer_id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'shop.customers.now',
  'properties.bootstrap.servers' = '${KAFKA:-localhost:9092}',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.fields-include' = 'EXCEPT_KEY'
);

INSERT INTO customers_now SELECT id, name, city, credit FROM customers;

-- The owner of the schema and the database, made once by a superuser; `database_roles` makes the application's role.
-- The variable owner_password is set before: see docs/deployment.md.
SELECT format('CREATE ROLE tianhui LOGIN CREATEROLE PASSWORD %L', :'owner_password')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tianhui')
\gexec
SELECT 'CREATE DATABASE tianhui OWNER tianhui ENCODING ''UTF8'' LOCALE ''C.UTF-8'' TEMPLATE template0'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tianhui')
\gexec

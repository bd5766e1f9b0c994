"""Tables, transactions and the queries of each business step."""

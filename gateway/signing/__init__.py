"""Keys and certificates, detached XAdES signatures and their verification, the demo PKI."""

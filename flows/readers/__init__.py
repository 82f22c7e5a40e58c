"""One module per export shape, and sniffing: bytes in, canonical frames and set-aside rows out."""

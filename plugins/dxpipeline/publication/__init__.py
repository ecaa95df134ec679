"""What leaves the warehouse for the public: the dictionary of the marts and the open data package."""

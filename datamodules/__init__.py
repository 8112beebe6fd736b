"""Files in, typed batches out: the data sets of the paper and the DataModules that serve them.

Nothing is imported here, so that the parts that need no torch (sample data, downloads) start at once.
"""

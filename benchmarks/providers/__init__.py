"""What does a call to a provider cost, beside the vendor's own library?"""

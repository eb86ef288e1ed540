"""The catalog in front of the storage type `products`: the smallest subset that the published catalog client needs.

| file | noun |
|---|---|
| jsonapi.py | JSON:API documents on the wire, read strictly and within bounds |
| documents.py | the documents of products and images, kept as records |
| search.py, paging.py | filters, pages and how they go on |
| products.py, emptying.py | products, and the task that deletes all images of one |
| images.py | images: registered, read, changed, deleted |
| tasks.py, uploads.py | upload tasks: the files of an image that is not there yet |
| removals.py | images on their way out, so that a crash leaves no file behind |
| naming.py | what a call names, for restricted tokens |
| catalog.py | all of it put together: the routes and the sweep |

Everything of a user lies below the user's namespace, so nobody sees another's products. Source of paths, fields and
states: the published client 1.12.1.
"""

"""The catalog in front of the storage type `products`: the smallest subset that the published catalog client needs.

| file | holds |
|---|---|
| jsonapi.py | JSON:API documents on the wire, read strictly and within bounds |
| documents.py | the documents of products and images, kept as records |
| search.py, paging.py | filters of a search, its pages, and the links between pages |
| products.py, emptying.py | products, and the task that deletes all images of one |
| images.py | images: registered, read, changed, deleted |
| tasks.py, uploads.py | upload tasks: the files of an image on their way in |
| strays.py | blobs of `products` that belong to no image: deleted one by one |
| removals.py | removals of images, written down first so that a crash leaves no file behind |
| naming.py | the images and products that a call names, for restricted tokens |
| catalog.py | the catalog as a whole: its routes and its part of the sweep |

All documents of a user lie below the user's namespace, so nobody sees the products of another user. Source of paths,
fields and states: the published client 1.12.1.
"""

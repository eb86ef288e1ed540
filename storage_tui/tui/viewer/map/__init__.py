"""Layers of features on the whole screen: moved, zoomed, walked from feature to feature.

| file | holds |
|---|---|
| canvas.py | the widget of the map: dots, labels, the cross-hair, the scale bar |
| cross_hair.py | the cross-hair: its place, and the distance from a second one |
| labels.py | the labels of features in view, where they have room |
| layers.py | the layers of the map: their colours, which are shown, which have no place on it |
| legend.py | the words of the column: the feature, the cross-hair, the layers |
| loading.py | the layers read one after the other, and again what is in view of a large one |
| look.py | what is looked at: the view and its dots, drawn in slices |
| screen.py | the screen: its widgets, and the objects that carry out its commands |
| taking.py | the view as a line of Python |
| walking.py | the commands that choose a feature, a layer and a label |
"""

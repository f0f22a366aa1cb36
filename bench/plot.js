module.exports={writePlot(){}};
